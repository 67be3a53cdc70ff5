#include "CPage.h"

// `#embed` is C23; in earlier modes clang offers it as an extension and warns.
#pragma clang diagnostic ignored "-Wc23-extensions"

// One row per file: its identifier here, its name, its content type.
#define HTML "text/html; charset=utf-8"
#define CSS "text/css; charset=utf-8"
#define SCRIPT "text/javascript; charset=utf-8"

static const unsigned char index_html[] = {
#embed "page/index.html"
};
static const unsigned char style_css[] = {
#embed "page/style.css"
};
static const unsigned char app_js[] = {
#embed "page/app.js"
};
static const unsigned char api_js[] = {
#embed "page/api.js"
};
static const unsigned char document_js[] = {
#embed "page/document.js"
};
static const unsigned char view_js[] = {
#embed "page/view.js"
};
static const unsigned char masks_js[] = {
#embed "page/masks.js"
};
static const unsigned char mask_worker_js[] = {
#embed "page/mask-worker.js"
};
static const unsigned char panels_js[] = {
#embed "page/panels.js"
};
static const unsigned char media_js[] = {
#embed "page/media.js"
};
static const unsigned char export_js[] = {
#embed "page/export.js"
};
static const unsigned char video_js[] = {
#embed "page/video.js"
};
static const unsigned char words_js[] = {
#embed "page/words.js"
};
static const unsigned char icon_svg[] = {
#embed "page/icon.svg"
};

static const sam2_page_file files[] = {
  {"index.html", HTML, index_html, sizeof(index_html)},
  {"style.css", CSS, style_css, sizeof(style_css)},
  {"app.js", SCRIPT, app_js, sizeof(app_js)},
  {"api.js", SCRIPT, api_js, sizeof(api_js)},
  {"document.js", SCRIPT, document_js, sizeof(document_js)},
  {"view.js", SCRIPT, view_js, sizeof(view_js)},
  {"masks.js", SCRIPT, masks_js, sizeof(masks_js)},
  {"mask-worker.js", SCRIPT, mask_worker_js, sizeof(mask_worker_js)},
  {"panels.js", SCRIPT, panels_js, sizeof(panels_js)},
  {"media.js", SCRIPT, media_js, sizeof(media_js)},
  {"export.js", SCRIPT, export_js, sizeof(export_js)},
  {"video.js", SCRIPT, video_js, sizeof(video_js)},
  {"words.js", SCRIPT, words_js, sizeof(words_js)},
  {"icon.svg", "image/svg+xml", icon_svg, sizeof(icon_svg)},
};

size_t sam2_page_file_count(void) { return sizeof(files) / sizeof(files[0]); }

sam2_page_file sam2_page_file_at(size_t index) { return files[index]; }
