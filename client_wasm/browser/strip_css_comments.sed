# Takes the comments out of the pages' style sheets, each of which stands in one line.
s,[[:space:]]*/\*[^*]*\*/,,g
