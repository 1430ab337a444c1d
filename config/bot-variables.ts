/**
 * The environment variables with which every bot starts, and which of them are secret; `botEnvironment` adds further
 * settings, and `botSecrets` further secrets. The engine masks all values of a container's environment as soon as one of them is secret.
 */
export const botVariables = {
  API_HOST: "setting",
  API_PORT: "setting",
  BOT_DATABASE_URL: "secret",
  BOT_TOKEN: "secret",
  JWT_SECRET: "secret",
  NSFW_THRESHOLD: "setting",
  PHOTO_CDN_URL: "setting",
  PHOTO_STORAGE_PATH: "setting",
  WEBAPP_URL: "setting",
} as const;
export type BotVariable = keyof typeof botVariables;
type OfKind<K> = { [V in BotVariable]: (typeof botVariables)[V] extends K ? V : never }[BotVariable];
/** Those that everybody may read who may ask the engine. */
export type BotSetting = OfKind<"setting">;
export type BotSecret = OfKind<"secret">;

/** The configuration key that gives a variable's value; the others have no key. */
export const keyOfVariable: Partial<Record<BotVariable, string>> = {
  BOT_TOKEN: "botToken",
  JWT_SECRET: "jwtSecret",
  NSFW_THRESHOLD: "nsfwThreshold",
  PHOTO_CDN_URL: "photoCdnUrl",
  WEBAPP_URL: "webappUrl",
};
