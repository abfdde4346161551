// SPDX-License-Identifier: Apache-2.0
#include "probes/postgres.h"

#include <gtest/gtest.h>
