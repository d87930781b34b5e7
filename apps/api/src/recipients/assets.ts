import { Inject, Injectable } from '@nestjs/common';
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { BRANDING, type Branding } from '../branding/branding.js';
import type { Logo } from '../branding/logo.js';

/** A file that the pages load. */
export interface Asset {
  readonly type: string;
  readonly body: string | Buffer;
}

/** The style sheet as it ships, before any branding. */
export const shippedStyles = readView('pages.css');
const shippedIcon = readView('icon.svg');
/** The colour in which the icon is drawn; it takes the accent's place. */
const ICON_COLOUR = '#0b5a8a';

/** What the pages load, each under a name that says its content: such a file never changes, and may be kept for ever. */
@Injectable()
export class Assets {
  /** The style sheet with the accent of the branding. */
  readonly styles: string;
  /** What each file is called now. */
  readonly names: {
    readonly styles: string;
    readonly icon: string;
    readonly logo?: string;
    readonly darkLogo?: string;
  };
  private readonly files = new Map<string, Asset>();

  constructor(@Inject(BRANDING) { accent, logo }: Branding) {
    this.styles = shippedStyles + accentStyles(accent);
    const icon = accent ? shippedIcon.replaceAll(ICON_COLOUR, accent.light) : shippedIcon;
    this.names = {
      styles: this.add('pages', 'css', { type: 'text/css; charset=utf-8', body: this.styles }),
      icon: this.add('icon', 'svg', { type: 'image/svg+xml', body: icon }),
      ...(logo && { logo: this.addLogo(logo.light) }),
      ...(logo?.dark && { darkLogo: this.addLogo(logo.dark) }),
    };
  }

  /** The file of that name; `undefined` where there is none. */
  find(name: string): Asset | undefined {
    return this.files.get(name);
  }

  private addLogo({ extension, type, body }: Logo): string {
    return this.add('logo', extension, { type, body });
  }

  private add(name: string, extension: string, asset: Asset): string {
    const hash = createHash('sha256').update(asset.body).digest('hex').slice(0, 16);
    const full = `${name}.${hash}.${extension}`;
    this.files.set(full, asset);
    return full;
  }
}

function accentStyles(accent: Branding['accent']): string {
  if (!accent) return '';
  const rule = (colour: string) => `:root { --accent: ${colour}; }`;
  return `\n${rule(accent.light)}\n\n@media (prefers-color-scheme: dark) {\n  ${rule(accent.dark)}\n}\n`;
}

function readView(name: string): string {
  return readFileSync(new URL(`./views/${name}`, import.meta.url), 'utf8');
}
