# Puts start_up.js into the pages themselves. As a file it would be one request more before anything is shown.
/<script src="start_up\.js">$/{
s/ src="start_up\.js"//
r start_up.js
}
