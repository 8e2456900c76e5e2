// The part of the page that is not covered by a soft keyboard, as CSS properties of the root: --visible-height, --visible-top.
//
// Chromium shrinks the page itself (interactive-widget=resizes-content); Safari lays the keyboard over it and scrolls.

/** Keep the properties up to date. @returns {() => void} to stop */
export function followVisibleArea() {
  const area = window.visualViewport;
  if (area === null) return () => {};
  const root = document.documentElement.style;
  const update = () => {
    if (area.scale > 1.01) return; // the user has zoomed the page in, to look at a part of it
    root.setProperty("--visible-height", `${area.height}px`);
    root.setProperty("--visible-top", `${area.offsetTop}px`);
  };
  update();
  area.addEventListener("resize", update);
  area.addEventListener("scroll", update);
  return () => {
    area.removeEventListener("resize", update);
    area.removeEventListener("scroll", update);
  };
}
