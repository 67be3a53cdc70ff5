#ifndef REPORT_H
#define REPORT_H

#include "CImageCodecs.h"

void codec_fail(codec_report *report, codec_status status, const char *text);

#endif
