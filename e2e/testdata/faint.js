// Returns the texts that are hard to read, which have a contrast of less than 4.5
// to what they stand on (WCAG 2.2, success criterion 1.4.3), with all that makes
// them paler.
(() => {
  const rgba = (css) => { const [r, g, b, a = 1] = css.match(/[\d.]+/g).map(Number); return [r, g, b, a]; };
  const over = (above, below, opacity) => {
    const a = above[3] * opacity;
    return [0, 1, 2].map((i) => above[i] * a + below[i] * (1 - a)).concat(1);
  };
  const groundOf = (element) => {
    if (!element) return [255, 255, 255, 1];
    const { backgroundColor, opacity } = getComputedStyle(element);
    return over(rgba(backgroundColor), groundOf(element.parentElement), Number(opacity));
  };
  const inkOf = (element) => {
    let ink = rgba(getComputedStyle(element).color);
    for (let e = element; e; e = e.parentElement)
      ink = over(ink, groundOf(e.parentElement), Number(getComputedStyle(e).opacity));
    return ink;
  };
  const luminance = (colour) => [0.2126, 0.7152, 0.0722].reduce((sum, weight, i) => {
    const light = colour[i] / 255;
    return sum + weight * (light <= 0.04045 ? light / 12.92 : ((light + 0.055) / 1.055) ** 2.4);
  }, 0);
  const contrast = (one, other) => {
    const [dark, bright] = [luminance(one), luminance(other)].sort((a, b) => a - b);
    return (bright + 0.05) / (dark + 0.05);
  };
  const faint = [], texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (texts.nextNode()) {
    const element = texts.currentNode.parentElement;
    if (!texts.currentNode.data.trim() || !element.checkVisibility() || element.closest("script, :disabled, .unseen")) continue;
    const is = contrast(inkOf(element), groundOf(element));
    if (is < 4.5) faint.push(`${element.tagName} ${element.className} "${texts.currentNode.data.trim().slice(0, 20)}": ${is.toFixed(2)}`);
  }
  return faint;
})()
