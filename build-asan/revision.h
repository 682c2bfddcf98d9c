/* Written by configure: the commit that is built. */
#define TICKER_REVISION "600e11be6323"
