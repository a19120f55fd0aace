// Finds the words in which two texts differ.
const most = 2000; // maximum number of differing words; the size of the table is its square

// differ returns both texts as lists of [text, differs].
export function differ(a, b) {
  const split = (s) => s.split(/(\s+)/).filter((w) => w !== "");
  const x = split(a), y = split(b);
  let start = 0;
  while (start < x.length && start < y.length && same(x[start], y[start])) start++;
  let end = 0;
  while (end < x.length - start && end < y.length - start && same(x[x.length - 1 - end], y[y.length - 1 - end])) end++;
  const p = x.slice(start, x.length - end), q = y.slice(start, y.length - end);
  const [inP, inQ] = p.length > most || q.length > most ? [p.map(() => false), q.map(() => false)] : common(p, q);
  const parts = (words, middle, kept) => [[words.slice(0, start).join(""), false], ...runs(middle, kept), [words.slice(words.length - end).join(""), false]].filter(([t]) => t !== "");
  return [parts(x, p, inP), parts(y, q, inQ)];
}

// same reports whether two words are equal; all white space is.
const same = (a, b) => a === b || (!a.trim() && !b.trim());

// common reports for each word whether it is in the longest common subsequence.
function common(p, q) {
  const width = q.length + 1;
  const table = new Uint16Array((p.length + 1) * width);
  for (let i = p.length - 1; i >= 0; i--) {
    for (let j = q.length - 1; j >= 0; j--) {
      table[i * width + j] = same(p[i], q[j]) ? table[(i + 1) * width + j + 1] + 1 : Math.max(table[(i + 1) * width + j], table[i * width + j + 1]);
    }
  }
  const inP = p.map(() => false), inQ = q.map(() => false);
  for (let i = 0, j = 0; i < p.length && j < q.length;) {
    if (same(p[i], q[j])) { inP[i++] = true; inQ[j++] = true; }
    else if (table[(i + 1) * width + j] >= table[i * width + j + 1]) i++;
    else j++;
  }
  return [inP, inQ];
}

function runs(words, kept) {
  const all = [];
  words.forEach((w, i) => {
    const last = all.at(-1);
    if (last && last[1] === !kept[i]) last[0] += w;
    else all.push([w, !kept[i]]);
  });
  return all;
}
