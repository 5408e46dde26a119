# Takes the comments out of the pages' scripts: types for the check in scripts/lint-js, and words for us. Lines stay
# where they were, so that an error in a browser's console names the line of the source.
s,^[[:space:]]*(//.*|/\*\*.*\*/)$,,
/^[[:space:]]*\/\*\*/,/\*\/$/s/.*//
s,/\*\* @type \{[^*]*\} \*/ ,,
