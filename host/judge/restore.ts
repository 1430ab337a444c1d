import type { HostAnswers } from "../answers";
import type { Finding } from "../finding";
import { restoreLabel } from "../unfinished-restore";
import type { Wanted } from "../wanted";

/** Whether a restore of the stack was interrupted while data changed places: a deploy would start services on half of it. */
export function judgeRestore({ containers }: HostAnswers, { prefix, stack }: Wanted): Finding[] {
  if (!containers.some(({ Labels }) => Labels?.[restoreLabel] === prefix)) return [];
  return [
    {
      level: "refuse",
      mayPass: true,
      what: "a restore of the stack was interrupted while its data changed places",
      why: "services would run on data of two times",
      fix: `./dating backup undo ${stack}, or ./dating backup restore ${stack} once more`,
    },
  ];
}
