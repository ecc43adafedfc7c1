#!/bin/sh
# Copyright 2026 The fts authors. SPDX-License-Identifier: Apache-2.0
#
# Rebuilds the bundled texts, bit for bit, from three Debian packages:
#
#   examples/data/make_texts.sh [OUT_DIR]     (default: beside this script)
#
# Needs Debian 12 (or Ubuntu) with apt, for `apt-get download`. Nothing is
# installed: the packages are unpacked into a temporary directory. Their exact
# versions are checked, and so are the texts that come out (SHA256SUMS).
set -eu
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
out=${1:-$here}
mkdir -p "$out"
out=$(cd "$out" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# fetch NAME VERSION SHA256|-: downloads and unpacks one package. The hash is
# left out where the package differs between machine types.
fetch() {
  (cd "$work" && apt-get -qq -o APT::Sandbox::User=root download "$1=$2")
  set -- "$1" "$3" "$work/$1"_*.deb
  if [ "$2" != - ]; then
    echo "$2  $3" | sha256sum --quiet -c - ||
      { echo "make_texts.sh: $1 is not the package expected" >&2; exit 1; }
  fi
  dpkg-deb -x "$3" "$work/root"
}
fetch bible-kjv 4.38 -
fetch bible-kjv-text 4.38 \
  d61b6aad4c51ba9e2800b825325fa6a09e99a0d02a9bb6dc4724fcc4995a1b7a
fetch jargon-text 4.4.7-4.1 \
  17d05997e30eb3d5d6713929b8e2f81b63a5f50073858ad2a06701c71f54dcdb

# --- Pre-training: the King James Bible, some books of each kind ------------

# The reader prints "Ge1:1 In the beginning ..." for each verse.
"$work/root/usr/bin/bible" -p "$work/root/usr/lib" -f \
  'gen1:1-rev22:21' > "$work/verses"

# books NAMES: their verses in the Bible's order, one a line without its
# number, an empty line between chapters.
books() {
  awk -v names=" $1 " '
    {
      match($1, /[0-9]+:/)
      if (index(names, " " substr($1, 1, RSTART - 1) " ") == 0) next
      chapter = substr($1, 1, RSTART + RLENGTH - 2)
      if (last != "" && chapter != last) print ""
      last = chapter
      print substr($0, length($1) + 2)
    }' "$work/verses"
}
books 'Ge Ruth 1Sm 2Sm Job Psa Prv Eccl Isa Mat' > "$out/kjv_train.txt"
books 'Dan' > "$out/kjv_val.txt"

# --- Fine-tuning: the Jargon File, every fourth entry of its lexicon ---------

# Plain ASCII marks for quotes, dashes and spaces. Other signs stay; entries
# with them are left out below.
gunzip -c "$work/root/usr/share/doc/jargon-text/jargon.txt.gz" |
  sed -e 's/\xc2\xa0/ /g' -e "s/\xe2\x80[\x98\x99]/'/g" \
    -e 's/\xe2\x80[\x9c\x9d]/"/g' -e 's/\xe2\x80\x94/--/g' \
    -e 's/\xc2\xb7/./g' -e "s/\xc2\xb4/'/g" > "$work/jargon"

# An entry begins with "   :headword:" and runs to the next, or to the contents
# of the next letter. Its paragraphs are joined to a line each (here they end
# with \001, and each entry is a line). Left out: tables and figures (signs
# beyond ASCII, runs of spaces), mere cross-references (under 200 bytes) and
# coarse language.
coarse='fuck|shit|cunt|whore|bitch|piss|scrot|penis|sexual|porn|orgas|obscen|rape'
awk -v coarse="$coarse" '
  function finish() {
    if (paragraph != "") entry = entry paragraph "\001"
    paragraph = ""
  }
  function emit() {
    finish()
    if (length(entry) >= 200 && entry !~ /[^ -~\001]/ && entry !~ /    / &&
        tolower(entry) !~ coarse)
      print entry
    entry = ""
  }
  /^Appendix A\. / { emit(); exit }
  /^ +[A-Z]$/ { emit(); inside = 0 }
  /^   :[^ ].*:/ { emit(); inside = 1 }
  !inside { next }
  /^ *$/ { finish(); next }
  {
    line = $0
    sub(/^   /, "", line)
    sub(/ +$/, "", line)
    paragraph = paragraph (paragraph == "" ? "" : " ") line
  }' "$work/jargon" > "$work/entries"

# Of the entries, numbers 1, 5, 9, ... ; of those, each seventh is validation.
# Both files end with the last whole entry below their size.
pick() {
  awk -v want="$1" -v most="$2" '
    NR % 4 != 1 { next }
    ((k++ % 7 == 6) ? "val" : "train") != want { next }
    { size += length($0) + 1; if (size > most) exit; print }' "$work/entries" |
    tr '\001' '\n'
}
pick train 250000 > "$out/jargon_train.txt"
pick val 40000 > "$out/jargon_val.txt"

cd "$out"
sha256sum --quiet -c "$here/SHA256SUMS"
wc -c kjv_train.txt kjv_val.txt jargon_train.txt jargon_val.txt
