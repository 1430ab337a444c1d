import { execFileSync } from "node:child_process";

import { overviewPage } from "../../../ops/status/overview-page";
import { testImage } from "../../engine/support/stores/image";
import { fullOverview } from "../../support/overview";

// The browser has to be downloaded once.
jest.setTimeout(900_000);

/* The page of `./dating status --html`, in a real browser without a network: what a person would see of it. */

interface Seen {
  /** How wide the page is, and how wide the window. */
  page: number;
  window: number;
  /** The least contrast of any text with what is behind it, as WCAG counts it. */
  contrast: number;
  /** Words of names and states that are broken over two lines. */
  broken: string[];
  /** Whether text can be seen: the first service, its state and its image. */
  visible: boolean;
}

/** Puts the page into a window of a width, and measures it. It has no scripts of its own, so its frame does. */
const frame = (width: number) => `<!doctype html><meta name="color-scheme" content="light dark">
<body style="margin: 0"><iframe id="f" src="page.html" style="width: ${width}px; height: 3000px; border: 0"></iframe>
<script>
document.getElementById("f").onload = ({ target }) => {
  const { document: page, getComputedStyle: styleOf } = target.contentWindow;
  const numbers = (color) => color.match(/[\\d.]+/g).map(Number);
  const light = (color) => {
    const [r, g, b] = numbers(color).slice(0, 3).map((part) => part / 255)
      .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
    return 0.2126 * r + 0.7152 * g + 0.0722 * b;
  };
  const probe = page.body.appendChild(page.createElement("i"));
  probe.style.backgroundColor = "Canvas";
  const behind = light(styleOf(probe).backgroundColor);
  probe.remove();
  const contrast = (element) => {
    const [less, more] = [light(styleOf(element).color), behind].sort((a, b) => a - b);
    return (more + 0.05) / (less + 0.05);
  };
  const cells = [...page.querySelectorAll('td[data-name="Service"] div, td[data-name="State"] span')];
  const seen = {
    page: page.documentElement.scrollWidth,
    window: ${width},
    contrast: Math.min(...[...page.querySelectorAll("h1, h2, p, li, td, th, span")].map(contrast)),
    broken: cells.filter((cell) => cell.getClientRects().length > 1 || cell.offsetHeight > 30).map((cell) => cell.textContent),
    visible: ["Service", "State", "Image"].every((name) => page.querySelector('td[data-name="' + name + '"] div').offsetWidth > 20),
  };
  document.body.textContent = JSON.stringify(seen);
};
</script>`;

function see(html: string, width: number, scheme: "dark" | "light"): Seen {
  const browser =
    "chromium --headless --no-sandbox --disable-gpu --allow-file-access-from-files --virtual-time-budget=5000 " +
    `--blink-settings=preferredColorScheme=${scheme === "dark" ? 0 : 1} --window-size=1600,3000 --dump-dom`;
  const script =
    'mkdir /tmp/page && cd /tmp/page && printf "%s" "$PAGE" >page.html && printf "%s" "$FRAME" >frame.html && ' +
    `${browser} file:///tmp/page/frame.html`;
  const dom = execFileSync(
    "docker",
    [
      ...["run", "--rm", "--network", "none", "--shm-size", "256m", "--env", "PAGE", "--env", "FRAME"],
      ...[testImage("chromium"), "sh", "-c", script],
    ],
    {
      encoding: "utf8",
      env: { ...process.env, PAGE: html, FRAME: frame(width) },
      stdio: ["ignore", "pipe", "ignore"],
    },
  );
  const [, seen] = /<body[^>]*>(\{.*\})<\/body>/.exec(dom.replaceAll("\n", "")) ?? [];
  if (seen === undefined) throw new Error(`the browser measured nothing: ${dom.slice(0, 2000)}`);
  return JSON.parse(seen) as Seen;
}

const html = overviewPage(fullOverview);

describe.each(["light", "dark"] as const)("the page of a stack, %s", (scheme) => {
  test.each([
    ["a phone", 390],
    ["a small phone", 320],
    ["a laptop", 1280],
  ])("fits into the window of %s, is readable, and breaks no name", (_, width) => {
    const { page, window, contrast, ...seen } = see(html, width, scheme);
    expect(page).toBeLessThanOrEqual(window);
    expect(contrast).toBeGreaterThanOrEqual(4.5);
    expect(seen).toEqual({ broken: [], visible: true });
  });
});
