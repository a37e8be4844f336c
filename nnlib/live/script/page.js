/* A page that holds one figure: the reader's colours in the book, and the full screen. */
{
  const root = document.documentElement;
  let chosen;
  try {
    chosen = localStorage.getItem("mode");
  } catch { // a frame in somebody's slides may not look
  }
  if (["light", "dark"].includes(chosen)) root.dataset.theme = chosen;

  document.addEventListener("DOMContentLoaded", () => {
    const button = document.querySelector("footer button");
    button.hidden = !document.fullscreenEnabled;
    button.addEventListener("click", () => {
      if (document.fullscreenElement) document.exitFullscreen();
      else root.requestFullscreen().catch(() => { button.hidden = true; });
    });
    addEventListener("fullscreenchange", () => {
      button.setAttribute("aria-pressed", String(document.fullscreenElement === root));
    });
  });
}
