// Judges each page several times, as a phone; prints one line of JSON for each page:
// the reports, shortened to what site_quality.py shows.
//     node lighthouse.mjs '{"chromium": PATH, "flags": [...], "runs": 3, "urls": [...]}'
import { launch } from "chrome-launcher";
import lighthouse from "lighthouse";

const { chromium, flags, runs, urls } = JSON.parse(process.argv[2]);
const METRICS = {
  LCP: "largest-contentful-paint",
  TBT: "total-blocking-time",
  CLS: "cumulative-layout-shift",
};

const where = (item) =>
  item.node?.snippet ?? item.source?.snippet ?? item.url ?? item.source?.url ?? item.description ?? JSON.stringify(item);

// What a score lacks: every weighted audit that is not perfect, and where it looked.
function failed({ audits }, category) {
  return category.auditRefs
    .filter(({ weight }) => weight > 0)
    .map(({ id }) => audits[id])
    .filter(({ score }) => score !== null && score < 1)
    .map(({ id, title, displayValue, details }) => ({
      id,
      says: displayValue ?? title,
      places: (details?.items ?? []).map(where),
    }));
}

// What makes a page slow has no weight of its own: the insights that found something. How long a
// browser may keep a file is the host's to say, and the tree of requests is no finding.
const IDLE = ["cache-insight", "network-dependency-tree-insight"];
const insights = ({ audits }) =>
  Object.values(audits)
    .filter(({ id, score }) => id.endsWith("-insight") && score !== null && score < 1)
    .filter(({ id }) => !IDLE.includes(id))
    .map(({ id, title, displayValue, details }) => ({
      id,
      says: displayValue || title,
      places: (details?.items ?? []).flatMap((item) => item.items ?? [item]).map(where),
    }));

function shorten({ lhr }) {
  const short = { index: lhr.environment.benchmarkIndex, metrics: {}, scores: {}, failed: [] };
  for (const [name, id] of Object.entries(METRICS)) {
    short.metrics[name] = lhr.audits[id].numericValue;
  }
  for (const [name, category] of Object.entries(lhr.categories)) {
    short.scores[name] = Math.round(100 * category.score);
    short.failed.push(...failed(lhr, category));
  }
  if (short.scores.performance < 100) short.failed.push(...insights(lhr));
  return short;
}

async function judge(url) {
  const browser = await launch({ chromePath: chromium, chromeFlags: ["--headless=new", ...flags] });
  try {
    const result = await lighthouse(url, {
      port: browser.port,
      logLevel: "error",
      onlyCategories: ["performance", "accessibility", "best-practices", "seo"],
    });
    if (result.lhr.runtimeError) throw new Error(result.lhr.runtimeError.message);
    return shorten(result);
  } finally {
    await browser.kill();
  }
}

for (const url of urls) {
  const reports = [];
  for (let run = 0; run < runs; run += 1) {
    // A busy machine may be too slow for Lighthouse's patience: the other runs still count.
    await judge(url).then((report) => reports.push(report), (error) => console.error(String(error)));
  }
  console.log(JSON.stringify(reports));
}
