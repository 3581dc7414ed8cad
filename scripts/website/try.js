/** Opens the built site in Chromium, below two paths, as a reader would: scripts/docs-site --try. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { chromium } from "playwright-core";

const SITE = join(import.meta.dir, "..", "..", "dist", "site");
const CHROMIUM = [
  process.env["CHROMIUM"],
  "/usr/bin/chromium",
  "/usr/bin/chromium-browser",
  "/usr/bin/google-chrome",
].find((path) => path !== undefined && existsSync(path));
if (CHROMIUM === undefined)
  throw new Error("There is no Chromium (Debian: apt-get install chromium). CHROMIUM names another.");

function serve(below) {
  const server = Bun.serve({
    port: 0,
    hostname: "127.0.0.1",
    async fetch(request) {
      const path = decodeURIComponent(new URL(request.url).pathname);
      const file = Bun.file(join(SITE, path.slice(below.length), path.endsWith("/") ? "index.html" : ""));
      const isThere = path.startsWith(below) && (await file.exists());
      return isThere ? new Response(file) : new Response("not found", { status: 404 });
    },
  });
  return { url: `http://127.0.0.1:${server.port}${below}`, stop: () => server.stop(true) };
}

function expect(what, isSo) {
  if (!isSo) throw new Error(`not so: ${what}`);
  console.log(`✅ ${what}`);
}

/** Errors that a page reported, and files that it could not load. */
function faultsOf(page) {
  const faults = [];
  page.on("pageerror", (error) => faults.push(error.message));
  page.on("console", (message) => void (message.type() === "error" && faults.push(message.text())));
  page.on("response", (response) => void (response.status() >= 400 && faults.push(response.url())));
  return faults;
}

const browser = await chromium.launch({ executablePath: CHROMIUM, args: ["--no-sandbox"] });
try {
  for (const below of ["/", "/docs/of/confiture/"]) await tryBelow(below);
} finally {
  await browser.close();
}

async function tryBelow(below) {
  const server = serve(below);
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  const faults = faultsOf(page);
  const path = () => new URL(page.url()).pathname.slice(below.length - 1);
  const heading = (text) => page.locator("h1", { hasText: text }).waitFor();

  await page.goto(server.url);
  const width = await page.locator(".VPHero img").evaluate((image) => image.naturalWidth);
  expect(`below ${below} the home page shows the recorded terminal`, width > 0);

  await page.getByRole("link", { name: "Quick start" }).first().click();
  await heading("Confiture");
  await page.getByRole("link", { name: "Examples" }).first().click();
  await page.waitForURL(/examples\/01/);
  await page.getByRole("link", { name: "Commands" }).first().click();
  await heading("Command line");
  expect("links lead on from folder to folder", path() === "/reference/cli.html");
  await page.reload();
  await heading("Command line");

  await page.getByRole("button", { name: "Search" }).first().click();
  await page.locator("#localsearch-input").fill("lock_timeout");
  await page.locator(".VPLocalSearchBox .result").first().click();
  await page.waitForFunction("!location.pathname.endsWith('cli.html') || location.hash !== ''");
  expect("the search finds a page and opens it", (await page.locator("main").innerText()).includes("lock_timeout"));

  await page.locator(".VPSwitchAppearance").first().click();
  const isDark = await page.evaluate("document.documentElement.classList.contains('dark')");
  expect("a click makes it dark", isDark === true);

  await page.setViewportSize({ width: 390, height: 844 });
  const wide = [];
  const pages = (await readdir(SITE, { recursive: true })).filter(
    (name) => name.endsWith(".html") && name !== "404.html",
  );
  // What is on a page does not depend on where the site is.
  for (const name of below === "/" ? pages : pages.slice(0, 10)) {
    await page.goto(server.url + name, { waitUntil: "load" });
    if (await page.evaluate("document.documentElement.scrollWidth > innerWidth + 1")) wide.push(name);
  }
  expect(`no page is wider than a phone: ${wide.join(", ")}`, wide.length === 0);
  expect(`nothing failed: ${faults.join(", ")}`, faults.length === 0);
  await page.close();
  await server.stop();
}
