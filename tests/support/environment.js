// Gives a program of Emscripten the environment of its process: GoogleTest reads from it which tests to run
// (GTEST_TOTAL_SHARDS, GTEST_SHARD_INDEX).
Module['preRun'] = [() => Object.assign(ENV, process.env)];
