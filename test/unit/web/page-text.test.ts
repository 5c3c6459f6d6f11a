import assert from 'node:assert/strict';
import { pageText } from '../../../src/host/web/page-text.ts';

const never = new AbortController().signal;
const read = (html: string, url = 'https://docs.test/guide/start?v=1') => pageText(html, new URL(url), never);
const textOf = async (html: string) => (await read(html)).text;

/** Each part with what comes of it. */
const PARTS: Record<string, readonly [html: string, text: string]> = {
  headings: ['<h1>One</h1><h3> Three <em>x</em></h3><h2></h2>rest', '# One\n\n### Three *x*\n\nrest'],
  paragraphs: ['<p>a\n  b<p>c<br>d<br><br>e</p>f<div>g</div>h', 'a b\n\nc\nd\n\ne\n\nf\ng\nh'],
  marks: ['a <b> b </b>c<i>d</i><b></b> <s>e</s> <q>f</q>', 'a **b** c*d* ~~e~~ "f"'],
  entities: ['a&nbsp;&amp;&lt;b&gt;&#x41;&eacute;&nonesuch;&', 'a &<b>A\u00e9&nonesuch;&'],
  links: [
    '<a href="x?a=(1)">rel</a> <a href="//o.test/">host</a> <a href=" /top ">abs</a> <a href="http://[">bad</a>',
    '[rel](https://docs.test/guide/x?a=%281%29) [host](https://o.test/) [abs](https://docs.test/top) bad',
  ],
  'links to nowhere': ['<a href="#a">a</a> <a href="javascript:b()">b</a> <a href="data:,x">c</a> <a>d</a>', 'a b c d'],
  'a base': ['<base href="/b/"><a href="x">y</a>', '[y](https://docs.test/b/x)'],
  images: ['<img src=x alt=" a  b "><img src=y><img alt="">', '[image: a b]'],
  lists: [
    '<ul><li>a<ul><li>b<li>c</ul><li><p>d</p><p>e</p></ul><ol start=9><li>f<li>g</ol>h',
    '- a\n  - b\n  - c\n\n- d\n\n  e\n\n9. f\n10. g\n\nh',
  ],
  quotes: ['a<blockquote><p>b</p><p>c</p></blockquote>d', 'a\n\n> b\n>\n> c\n\nd'],
  code: [
    'x <code>a  `b`</code> <pre class=hl><code class="language-ts">let a = 1;\n\n  b&lt;c&gt;();\n</code></pre>y',
    'x `` a `b` ``\n\n```ts\nlet a = 1;\n\n  b<c>();\n```\n\ny',
  ],
  'code of lines': ['<pre><div>a</div><div>  b</div>```</pre>', '````\na\n  b\n```\n````'],
  'a table': [
    '<table><thead><tr><th>A|B<th>C</thead><tr><td>1<td><p>2</p><p>3</p><tr><td><td><code>x|y</code></table>end',
    '| A\\|B | C |\n| --- | --- |\n| 1 | 2 3 |\n|  | `x\\|y` |\n\nend',
  ],
  'tables for the layout': [
    '<table><tr><td><table><tr><td>a</td><td>b</td></tr></table></td><td><ul><li>c</li></ul><h2>d</h2></td></tr></table>',
    '| a | b |\n| --- | --- |\n\n- c\n\n## d',
  ],
  'what is not shown': [
    '<script>a<b></script><style>c</style><noscript>d</noscript><template><p>e</p></template><p hidden>f</p>' +
      '<div style="color:red; display : none">g<div>h</div></div><svg><title>i</title></svg><!-- j -->k' +
      '<textarea>l</textarea><select><option>m</select><iframe>n</iframe>',
    'k',
  ],
  'broken markup': [
    '</p></div><b>a<i>b</b>c</i><p>d</li></ul></table><td>e<h1>f<p>g</h1>h<unknown-one>i</unknown-one><a href="x',
    '**a*b***c\n\nd\ne\n\n# f\n\ng\n\nhi',
  ],
  'a body that scripts show': ['<body style="display:none"><p>a</p></body>', 'a'],
};

describe('the text of a page', () => {
  for (const [name, [html, text]] of Object.entries(PARTS)) {
    it(`has ${name}`, async () => assert.equal(await textOf(html), text));
  }

  it('is the same however long the page is, and wherever its slices begin', async () => {
    const one = '<p>w\u00f6rd <a href="/x">l&amp;k</a></p><table><tr><td>a<td>b</table>';
    const text = await textOf(one);
    assert.equal(await textOf(one.repeat(3000)), Array.from({ length: 3000 }, () => text).join('\n\n'));
  });

  it('comes with the title, the first one and on one line', async () => {
    const title = async (html: string) => (await read(html)).title;
    assert.equal(await title('<title>\n A &amp;\n <b>B</b></title><body><title>C</title>'), 'A & <b>B</b>');
    assert.equal(await title('<title> </title>x'), undefined);
    assert.equal((await title(`<title>${'x'.repeat(1000)}</title>`))?.length, 300);
  });

  it('of a page that is nested without an end is cut', async () => {
    for (const tag of ['<b>', '<svg>', '<div>x', '<blockquote>x', '<ul><li>x', '<table><tr><td>x']) {
      const { text, isCut } = await read(tag.repeat(200_000));
      assert.ok(isCut && text.length < 50_000, `${tag}: ${text.length}`);
    }
  });

  it('grows no longer than its bound by what links are relative to', async () => {
    const { text, isCut } = await read('<a href=x>y</a>'.repeat(100_000), `https://docs.test/${'p'.repeat(1900)}/`);
    assert.ok(isCut && text.length < 5.1 * 1024 * 1024);
  });

  it('grows no longer than its bound by what each line of a block begins with', async () => {
    const nested = `${'<blockquote>'.repeat(8)}<pre>${'a\n'.repeat(2_000_000)}`;
    for (const html of [nested, `${nested}</pre>`]) {
      const { text, isCut } = await read(html);
      assert.deepEqual([text.length, isCut], [5 * 1024 * 1024, true]);
      assert.ok(text.startsWith(`${'> '.repeat(8)}\`\`\`\n${'> '.repeat(8)}a\n`));
    }
    const plain = await read(`<pre>${'a\n'.repeat(2_000_000)}`);
    assert.deepEqual([plain.text.length, plain.isCut], [4_000_007, false]);
  });

  it('is given up when the call is aborted', async () => {
    const ending = new AbortController();
    const reading = pageText('<p>x'.repeat(100_000), new URL('https://a.test/'), ending.signal);
    ending.abort(new Error('enough'));
    await assert.rejects(reading, /enough/);
  });
});
