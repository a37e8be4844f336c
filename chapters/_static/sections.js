/* A phone would take half a second to lay out a whole chapter, and answer nobody meanwhile. So a page
   begins with the sections near the window (book.css), and the others follow one by one, when there
   is nothing else to do. A page that is to open in its middle is laid out at once, since what is
   above decides where that is; so is a page in a wide window, where figures reach out of the column
   and would be cut off: see MODE in _ext/one_script.py, which sets data-sections. */
(() => {
  const page = document.documentElement.dataset;
  if (!page.sections) return;
  // After a second also without idle time: Chromium forgets the callback on some pages that stand still.
  const idle = (done) => window.requestIdleCallback?.(done, { timeout: 1000 }) ?? setTimeout(done);
  const waiting = [...document.querySelectorAll(".bd-article > section > section")];
  const next = () => {
    const section = waiting.shift();
    if (section) {
      section.style.contentVisibility = "visible";
      idle(next);
    } else delete page.sections;
  };
  addEventListener("load", () => idle(next));
})();
