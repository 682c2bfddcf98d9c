#include "assets.h"

const server_asset server_assets[] = {{NULL, NULL, NULL, 0}};
