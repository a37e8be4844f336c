/* The card of a glossary term, beside its link: while the pointer is on the link or on the card, while
   the link has the keyboard's focus, or after a tap; a second tap follows the link. Escape closes it.
   _ext/glossary_links.py puts the cards at the end of a page, hidden. */
(() => {
  const DELAY = 200; // ms, to pass over a link, or from it to its card
  const MARGIN = 8; // px to the edge of the window
  const cardOf = new Map();
  let link, card, timer, touched;

  document.body.append(...document.querySelectorAll(".term-card")); // where nothing clips them
  for (const a of document.querySelectorAll("a[href*='#term-']")) {
    const card = document.getElementById(`card-${a.getAttribute("href").split("#")[1]}`);
    if (!card) continue;
    a.setAttribute("aria-describedby", card.id);
    cardOf.set(a, card);
  }

  const close = () => {
    clearTimeout(timer);
    if (card) card.hidden = true;
    link = card = undefined;
  };

  const open = (a) => {
    clearTimeout(timer);
    if (a === link) return;
    close();
    link = a;
    card = cardOf.get(a);
    card.hidden = false;
    card.style.left = card.style.top = 0;
    const at = a.getBoundingClientRect();
    const zero = card.getBoundingClientRect();
    const { clientWidth, clientHeight } = document.documentElement;
    const x = Math.min(a.getClientRects()[0].left, clientWidth - zero.width - MARGIN);
    const above = at.bottom + zero.height > clientHeight && at.top > zero.height;
    card.style.left = `${Math.max(x, MARGIN) - zero.left}px`;
    card.style.top = `${(above ? at.top - zero.height : at.bottom) - zero.top}px`;
  };

  const later = (act) => {
    clearTimeout(timer);
    timer = setTimeout(act, DELAY);
  };

  const leave = () => {
    if (card) later(() => link.matches(":hover, :focus") || card.matches(":hover") || close());
  };

  const linkAt = ({ target }) => {
    const a = target.closest("a");
    return cardOf.has(a) && a;
  };

  const on = (type, act) => document.addEventListener(type, act);

  on("pointerover", (event) => {
    if (event.pointerType === "touch") return;
    const a = linkAt(event);
    if (a) later(() => open(a));
    else leave();
  });
  on("focusin", (event) => {
    const a = linkAt(event);
    if (a && a.matches(":focus-visible")) open(a);
  });
  on("focusout", leave);
  on("keydown", ({ key }) => key === "Escape" && close());
  on("pointerdown", (event) => {
    touched = event.pointerType === "touch";
    if (card && !card.contains(event.target) && linkAt(event) !== link) close();
  });
  on("click", (event) => {
    const a = linkAt(event);
    if (a && touched && a !== link) {
      event.preventDefault();
      open(a);
    } else if (a) close();
    touched = false;
  });
})();
