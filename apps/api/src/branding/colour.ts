/** The colours of a style sheet on which text in the accent colour stands, or which stand on it. */
export interface Grounds {
  readonly light: readonly string[];
  readonly dark: readonly string[];
}

/** What a text needs at least on its ground: WCAG 2.2, 1.4.3 (AA). */
export const LEAST_CONTRAST = 4.5;

const HEX = /^#[\da-f]{6}$/i;
const UNDER_ACCENT = ['paper', 'ground', 'soft', 'on-accent'];

/** Whether a text is a colour as `#rrggbb`. */
export function isColour(text: unknown): text is string {
  return typeof text === 'string' && HEX.test(text);
}

/** The contrast ratio of two colours as `#rrggbb`, from 1 to 21 (WCAG 2.2). */
export function contrast(one: string, other: string): number {
  const [lighter, darker] = [luminance(one), luminance(other)].sort((a, b) => b - a) as [number, number];
  return (lighter + 0.05) / (darker + 0.05);
}

/** The grounds that a style sheet sets: in its first `:root` the light ones, in its second the dark ones. */
export function groundsOf(styles: string): Grounds {
  const [light = '', dark = ''] = [...styles.matchAll(/:root\s*\{([^}]*)\}/g)].map(([, block]) => block!);
  return { light: groundsIn(light), dark: groundsIn(dark) };
}

function groundsIn(block: string): readonly string[] {
  return UNDER_ACCENT.flatMap((name) => new RegExp(`--${name}: (#[\\da-f]{6});`).exec(block)?.[1] ?? []);
}

function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map((start) => {
    const part = Number.parseInt(colour.slice(start, start + 2), 16) / 255;
    return part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4;
  }) as [number, number, number];
  return 0.2126 * red + 0.7152 * green + 0.0722 * blue;
}
