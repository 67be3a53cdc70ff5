#include "report.h"

#include <stdio.h>
#include <stdlib.h>

void codec_fail(codec_report *report, codec_status status, const char *text) {
  report->status = status;
  snprintf(report->text, sizeof(report->text), "%s", text);
}

const char *codec_report_text(const codec_report *report) { return report->text; }

void codec_bytes_free(codec_bytes *bytes) {
  free(bytes->data);
  bytes->data = NULL;
  bytes->count = bytes->capacity = 0;
}
