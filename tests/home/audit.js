// What a screen reader and tired eyes would trip over; returns a list of findings.
() => {
  const found = [];
  const say = (what, element) => found.push(`${what}: ${element ? element.outerHTML.slice(0, 140) : ""}`);
  const visible = (e) => e.checkVisibility({ visibilityProperty: true });
  const name = (e) => (e.getAttribute("aria-label") || e.innerText || e.title || "").trim()
    || [...e.querySelectorAll("img[alt]")].map((i) => i.alt).join("")
    || (e.getAttribute("aria-labelledby") || "").split(" ").map((id) => document.getElementById(id)?.innerText || "").join("");

  if (!document.documentElement.lang) say("no language", document.documentElement);
  if (!document.title.trim()) say("no title");
  for (const landmark of ["header", "main", "footer"]) if (document.querySelectorAll(`body > ${landmark}`).length !== 1) say(`not one ${landmark}`);
  if (document.querySelectorAll("h1").length !== 1) say("not one h1");

  let last = 0;
  for (const h of [...document.querySelectorAll("h1, h2, h3, h4")].filter(visible)) {
    const level = Number(h.tagName[1]);
    if (level > last + 1) say("a level of headings is left out", h);
    last = level;
  }
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  ids.filter((id, i) => ids.indexOf(id) !== i).forEach((id) => say(`the id ${id} stands twice`));
  for (const attribute of ["aria-labelledby", "for"]) for (const e of document.querySelectorAll(`[${attribute}]`))
    for (const id of e.getAttribute(attribute).split(" ")) if (!document.getElementById(id)) say(`${attribute} leads nowhere`, e);

  for (const e of document.querySelectorAll("img:not([alt])")) say("an image without alt", e);
  for (const e of [...document.querySelectorAll("a[href], button, summary, iframe, progress, [role=region]")].filter(visible)) if (!name(e)) say("no name", e);
  for (const e of document.querySelectorAll("input:not([type=hidden]), select, textarea")) if (!e.labels.length && !e.getAttribute("aria-label")) say("no label", e);
  for (const e of document.querySelectorAll("svg:not([aria-hidden=true]):not([role=img])")) say("a drawing without a name", e);
  for (const e of document.querySelectorAll("table")) if (!e.querySelector("th[scope=col]")) say("a table without headings", e);
  for (const e of document.querySelectorAll("ul > :not(li), ol > :not(li), dl > :not(dt, dd, div)")) say("a list with something else in it", e);
  for (const e of document.querySelectorAll("[style], [onclick], [tabindex]")) if (e.tabIndex > 0 || e.style.length) say("inline style or tab order", e);

  const canvas = new OffscreenCanvas(1, 1).getContext("2d", { willReadFrequently: true });
  const rgba = (color) => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    const [r, g, b, a] = canvas.getImageData(0, 0, 1, 1).data;
    return [r, g, b, a / 255];
  };
  const over = (top, below) => top.slice(0, 3).map((v, i) => v * top[3] + below[i] * (1 - top[3]));
  const luminance = (c) => c.map((v) => v / 255).map((v) => (v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4))
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const backs = (e) => {
    // A gradient counts with each of its colours; the worst decides.
    if (!e) return [rgba(getComputedStyle(document.documentElement).colorScheme && matchMedia("(prefers-color-scheme: dark)").matches ? "#000" : "#fff")];
    const style = getComputedStyle(e);
    const stops = style.backgroundImage.startsWith("linear-gradient") ? style.backgroundImage.match(/(rgba?|color)\([^)]*\)/g) || [] : [];
    const own = rgba(style.backgroundColor);
    if (stops.length) return stops.map((s) => rgba(s));
    return own[3] === 1 ? [own] : backs(e.parentElement).map((below) => [...over(own, below), 1]);
  };
  const seen = new Set();
  const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) {
    const e = walker.currentNode.parentElement;
    if (!walker.currentNode.textContent.trim() || seen.has(e) || !visible(e) || e.closest(".visually-hidden, .skip, script")) continue;
    seen.add(e);
    const style = getComputedStyle(e);
    const size = parseFloat(style.fontSize);
    const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
    for (const back of backs(e)) {
      const [light, dark] = [luminance(over(rgba(style.color), back)), luminance(back.slice(0, 3))].sort((a, b) => b - a);
      const ratio = (light + 0.05) / (dark + 0.05);
      if (ratio < needed) { say(`contrast ${ratio.toFixed(2)} below ${needed}`, e); break; }
    }
  }
  return found;
}
