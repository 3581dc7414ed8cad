import { readFileSync } from "node:fs";

const { base, version, sidebar } = JSON.parse(readFileSync(new URL("site.json", import.meta.url), "utf8"));

/** As the repository's host makes them of headings, so that one link serves both. */
const slugify = (heading) =>
  heading
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N} _-]/gu, "")
    .replaceAll(" ", "-");

export default {
  title: "Confiture",
  description: "PostgreSQL schemas and migrations from SQL files, proven before they run, in one executable",
  lang: "en",
  base,
  outDir: "../site",
  // Any server of files finds "page.html".
  cleanUrls: false,
  head: [
    ["link", { rel: "icon", type: "image/svg+xml", href: `${base}logo.svg` }],
    ["meta", { name: "theme-color", content: "#a3264b" }],
  ],
  markdown: {
    anchor: { slugify },
    // Between two elements, the compiler of the pages would drop a line break.
    config: (markdown) => void (markdown.renderer.rules.softbreak = () => " "),
  },
  vite: {
    // Scripts and styles find what they load beside themselves; relative-base.ts does the same for the pages.
    experimental: {
      renderBuiltUrl: (file, { hostType, ssr }) => {
        if (ssr || hostType === "html") return undefined;
        return hostType === "js" ? { runtime: `globalThis.__siteBase+${JSON.stringify(file)}` } : { relative: true };
      },
    },
    build: { chunkSizeWarningLimit: 4000 },
  },
  themeConfig: {
    logo: "/logo.svg",
    search: { provider: "local" },
    outline: [2, 3],
    sidebar,
    nav: [
      { text: "Quick start", link: "/quick-start" },
      { text: "Guides", link: "/guides/migration-decision-tree", activeMatch: "^/guides/" },
      { text: "Examples", link: "/examples/01-basic-migration/", activeMatch: "^/examples/" },
      { text: "Commands", link: "/reference/cli" },
      { text: "Comparison", link: "/comparison" },
      { text: version, link: "/changelog" },
    ],
    footer: { message: "MIT licence. PostgreSQL and other software inside have their own licences." },
  },
};
