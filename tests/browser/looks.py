"""Scripts that check how a page looks. Each returns what is wrong, except CONTRAST, which returns what it measured."""

# For each text in our own elements: the text, its element, and its contrast to the background. Links have the
# theme's colour, so they are left out unless arguments[0] is true.
CONTRAST = r"""
const canvas = new OffscreenCanvas(1, 1).getContext('2d', {willReadFrequently: true});
const parts = colour => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = colour;
    canvas.fillRect(0, 0, 1, 1);
    const [red, green, blue, alpha] = canvas.getImageData(0, 0, 1, 1).data;
    return {rgb: [red, green, blue], alpha: alpha / 255};
};
const over = (above, below) => above.rgb.map((part, place) => part * above.alpha + below[place] * (1 - above.alpha));
const behind = element => {
    if (!element) return [255, 255, 255];
    const own = parts(getComputedStyle(element).backgroundColor);
    return own.alpha == 1 ? own.rgb : over(own, behind(element.parentElement));
};
const luminance = rgb => {
    const [red, green, blue] = rgb.map(part => part / 255)
        .map(part => part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4);
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
};
const found = [];
for (const element of document.querySelectorAll('[class*=wxlogin-], [class*=wxlogin-] *')) {
    const text = [...element.childNodes].filter(each => each.nodeType == 3).map(each => each.data).join('').trim();
    if (!text || !element.checkVisibility()) continue;
    if (element.closest('a') && !arguments[0]) continue;
    const background = behind(element);
    const ink = over(parts(getComputedStyle(element).color), background);
    const [dark, light] = [luminance(ink), luminance(background)].sort((one, other) => one - other);
    found.push([text, element.outerHTML.slice(0, 100), (light + 0.05) / (dark + 0.05)]);
}
return found;
"""

TOO_WIDE = "return document.documentElement.scrollWidth > innerWidth"

# Fields without a label, and labels without a field.
NAMELESS = """
const fields = [...document.querySelectorAll('#content input, #content select, #content textarea, #content button')]
    .filter(each => each.type != 'hidden' && each.checkVisibility())
    .filter(each => !each.labels?.length && !each.ariaLabel && !each.title && !each.getAttribute('aria-labelledby'))
    .filter(each => !(each.matches('button, [type=submit]') && (each.value || each.textContent.trim())));
const labels = [...document.querySelectorAll('#content label')].filter(each => !each.control);
return [...fields, ...labels].map(each => each.outerHTML);
"""

# Links in our own elements that look like the text around them.
HIDDEN_LINKS = """
return [...document.querySelectorAll('[class*=wxlogin-] a')].filter(each => {
    const own = getComputedStyle(each), around = getComputedStyle(each.parentElement);
    const lines = own.textDecorationLine != 'none' || own.borderBottomWidth != '0px';
    return own.color == around.color && !lines;
}).map(each => each.outerHTML);
"""

# Fields and buttons without border, shadow or background: some themes reset them.
SHAPELESS = """
return [...document.querySelectorAll('#wxlogin-act input, #wxlogin-act select, [class*=wxlogin-] [type=submit]')]
    .filter(each => !['hidden', 'radio', 'checkbox'].includes(each.type))
    .filter(each => {
        const own = getComputedStyle(each);
        return own.borderTopWidth == '0px' && own.boxShadow == 'none' && own.backgroundColor == 'rgba(0, 0, 0, 0)';
    }).map(each => each.outerHTML);
"""
