/* A link to a figure in a folded solution unfolds it. */
{
  const unfold = () => {
    const target = document.getElementById(location.hash.slice(1).split("?")[0]);
    const folded = target?.closest(".toggle-hidden");
    if (!folded) return;
    folded.querySelector(".toggle-button").click();
    target.scrollIntoView();
  };
  addEventListener("load", unfold);
  addEventListener("hashchange", unfold);
}
