/** What a hook is told. @throws where it is not */
export function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`the hook is not told ${name}`);
  return value;
}

/** Runs a hook: what it throws is written for people, without a trace, and fails the deploy. */
export async function run(hook: () => Promise<void>): Promise<void> {
  try {
    await hook();
  } catch (error) {
    console.error(error instanceof Error ? error.message : String(error));
    process.exitCode = 1;
  }
}
