import { describe, expect, it } from '@jest/globals';
import { visibleHtml } from './visible-html.js';

const footer = '<a href="https://x.nl">Afmelden</a>';
const sees = (html: string) => visibleHtml(html).includes(footer);

describe('what a reader sees of a mail (P4)', () => {
  it.each([
    ['stands in a comment', `<!-- ${footer} -->`],
    ['stands in a comment that never ends', `<!-- ${footer}`],
    ['stands in the head', `<head>${footer}</head>`],
    ['is not displayed', `<div style="display:none">${footer}</div>`],
    ['is not displayed, said large and aside', `<div style="color:red; DISPLAY : none !important">${footer}</div>`],
    ['is not displayed, without quotes', `<div style=display:none>${footer}</div>`],
    ['stands in something that is hidden', `<div style="visibility:hidden"><p><b>${footer}</b></p></div>`],
    ['has no height', `<div style="max-height:0px;overflow:hidden">${footer}</div>`],
    ['has letters of no size', `<p style='font-size:0'>${footer}</p>`],
    ['has letters of one pixel', `<p style="font-size:1px;">${footer}</p>`],
    ['cannot be seen through', `<p style="opacity:0.0">${footer}</p>`],
    ['is transparent', `<p style="color:transparent">${footer}</p>`],
    ['stands outside the page', `<p style="text-indent:-9999px">${footer}</p>`],
    ['is hidden by its attribute', `<p class="a" hidden>${footer}</p>`],
    ['is hidden from one mail program', `<p style="mso-hide:all">${footer}</p>`],
    ['is hidden by a class', `<style>.a, .b { color: red; display: none }</style><p class="c b">${footer}</p>`],
    ['is hidden by an id', `<style>#b{display:none}</style><p id=b>${footer}</p>`],
    [
      'is hidden by where it stands',
      `<style>.a .b a{display:none}</style><div class=a><p><i class="b">${footer}</i></p></div>`,
    ],
    ['is hidden by a rule after a comment', `<style>/* { */ p > a {display:none}</style><p>${footer}</p>`],
  ])('is not there when it %s', (_, html) => {
    expect(sees(html)).toBe(false);
  });

  it.each([
    ['stands after something that is hidden', `<div style="display:none">x<br><img></div><p>${footer}</p>`],
    ['stands after a comment', `<!-- x --><p>${footer}</p>`],
    ['stands beside a class that is hidden', `<style>.a { display: none }</style><p class="b">${footer}</p>`],
    ['stands elsewhere than what is hidden', `<style>.a a { display: none }</style><p class="b">${footer}</p>`],
    [
      'is hidden on a phone alone',
      `<style>@media (max-width:480px) { .a { display: none } }</style><p class="a">${footer}</p>`,
    ],
    [
      'has a name that sounds hidden',
      `<p class="hidden" title="hidden" style="line-height:0;font-size:12px">${footer}</p>`,
    ],
    ['has small letters', `<p style="font-size:0.85em;opacity:0.7;max-height:100px">${footer}</p>`],
    ['stands in a paragraph after one that is hidden', `<p style="display:none">x<p>${footer}`],
    ['stands in something that was left open', `<p>x<div style="display:none">y</div>${footer}`],
  ])('is there when it %s', (_, html) => {
    expect(sees(html)).toBe(true);
  });

  it.each([
    ['elements', '<b>'.repeat(100_000)],
    ['elements that end by themselves', '<p>'.repeat(100_000)],
    ['signs', '<'.repeat(200_000)],
    ['letters of style', `<style>${'a'.repeat(200_000)}</style>`],
    ['elements and rules', `<style>${'.a b{display:none}'.repeat(5_000)}</style>${'<b class="a">'.repeat(10_000)}`],
    ['quotes', `<b a="${'"<b a="'.repeat(50_000)}`],
    ['rules', `<style>${'a{display:none}'.repeat(10_000)}</style>`],
    ['braces', `<style>${'@a{'.repeat(50_000)}</style>`],
  ])('is found soon, however many %s there are', (_, html) => {
    const before = performance.now();
    visibleHtml(html);
    expect(performance.now() - before).toBeLessThan(3_000);
  });
});
