#include "backtest/page.h"

#include <math.h>
#include <string.h>
#include <time.h>

static const char style[] =
    ":root{--ink:#1c2430;--soft:#667085;--line:#e4e7ec;--card:#fff;--back:#f6f7f9;--main:#2459c9;"
    "--bad:#c8322b;--good:#15803d;--other:#0f766e;--fill:#dbe6fb}"
    "@media(prefers-color-scheme:dark){:root{--ink:#e6e9ef;--soft:#98a2b3;--line:#2b3442;"
    "--card:#171d27;--back:#0f141b;--main:#7aa7ff;--bad:#ff7b72;--good:#5bd08a;--other:#4fd1c5;"
    "--fill:#23365e}}"
    "*{box-sizing:border-box}"
    "body{font:15px/1.5 system-ui,-apple-system,'Segoe UI',Roboto,sans-serif;color:var(--ink);"
    "background:var(--back);margin:0}"
    "main{max-width:1080px;margin:0 auto;padding:28px 20px 60px}"
    "h1{font-size:26px;margin:0}h2{font-size:16px;margin:0 0 8px}"
    ".sub{color:var(--soft);margin:2px 0 20px;overflow-wrap:anywhere}"
    ".tiles{display:grid;grid-template-columns:repeat(auto-fit,minmax(150px,1fr));gap:12px;"
    "margin-bottom:16px}"
    ".tile,.card{background:var(--card);border:1px solid var(--line);border-radius:10px}"
    ".tile{padding:12px 14px}.tile span,.tile small{display:block;color:var(--soft);font-size:13px}"
    ".tile b{font-size:21px;font-weight:600;font-variant-numeric:tabular-nums}"
    ".good{color:var(--good)}.bad{color:var(--bad)}"
    ".card{padding:16px 18px;margin-bottom:16px;overflow-x:auto}"
    ".two{display:grid;grid-template-columns:repeat(auto-fit,minmax(420px,1fr));gap:16px}"
    ".two .card{margin-bottom:0}.two{margin-bottom:16px}"
    "svg{display:block;width:100%;height:auto}"
    "svg text{font-size:11px;fill:var(--soft);font-variant-numeric:tabular-nums}"
    ".y{text-anchor:end}.x{text-anchor:middle}.grid{stroke:var(--line)}.zero{stroke:var(--soft)}"
    ".equity{stroke:var(--main);fill:var(--main)}.drawdown{stroke:var(--bad);fill:var(--bad)}"
    ".inventory{stroke:var(--other);fill:var(--other)}"
    ".band{stroke:none;fill-opacity:.22}.path{fill:none;stroke-width:1.5}"
    ".bar{stroke:none}.bar:hover{fill-opacity:.7}.none{text-anchor:middle;font-size:13px}"
    "table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}"
    "th,td{text-align:right;padding:4px 10px;border-bottom:1px solid var(--line)}"
    "th:first-child,td:first-child{text-align:left}th{font-weight:500;color:var(--soft)}"
    ".facts td{text-align:left;overflow-wrap:anywhere}.facts th{width:190px;vertical-align:top;"
    "white-space:nowrap}tr.best td{font-weight:650}"
    ".note{color:var(--soft);font-size:13px;margin:8px 0 0}";

void sj_bt_page_begin(FILE *file, const char *title)
{
    fprintf(file, "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width,initial-scale=1\">\n"
                  "<title>");
    sj_bt_page_text(file, title);
    fprintf(file, "</title>\n<style>%s</style>\n</head>\n<body>\n<main>\n<h1>", style);
    sj_bt_page_text(file, title);
    fprintf(file, "</h1>\n");
}

void sj_bt_page_end(FILE *file)
{
    fprintf(file, "</main>\n</body>\n</html>\n");
}

void sj_bt_page_text(FILE *file, const char *text)
{
    for (; *text; text++) {
        unsigned char byte = (unsigned char)*text;
        const char *entity = byte == '<'    ? "&lt;"
                             : byte == '>'  ? "&gt;"
                             : byte == '&'  ? "&amp;"
                             : byte == '"'  ? "&quot;"
                             : byte == '\'' ? "&#39;"
                                            : NULL;
        if (entity)
            fputs(entity, file);
        else
            fputc(byte < 0x20 ? ' ' : byte, file);
    }
}

/* Commas between thousands of the digits before the point. */
static void group(const char *digits, char text[SJ_BT_NUMBER_MAX])
{
    size_t whole = strcspn(digits, ".e"), used = 0;
    for (size_t i = 0; digits[i] && used + 2 < SJ_BT_NUMBER_MAX; i++) {
        bool comma = i > 0 && i < whole && (whole - i) % 3 == 0 && digits[i - 1] != '-';
        if (comma)
            text[used++] = ',';
        text[used++] = digits[i];
    }
    text[used] = 0;
}

const char *sj_bt_page_number(double value, char text[SJ_BT_NUMBER_MAX])
{
    char digits[32];
    double size = fabs(value);
    value = size == 0 ? 0 : value; /* no minus before a zero */
    snprintf(text, SJ_BT_NUMBER_MAX, "\xe2\x80\x93");
    if (!isfinite(value))
        return text;
    if (size >= 1e15 || (size > 0 && size < 1e-6))
        snprintf(digits, sizeof digits, "%.4g", value);
    else if (size >= 100000)
        snprintf(digits, sizeof digits, "%.0f", value);
    else
        snprintf(digits, sizeof digits, "%.6g", value);
    if (strchr(digits, 'e') && size >= 1e-6 && size < 1e15)
        snprintf(digits, sizeof digits, "%.8f", value);
    group(digits, text);
    return text;
}

const char *sj_bt_page_duration(int64_t ns, char text[SJ_BT_NUMBER_MAX])
{
    static const char *const units[] = {"ns", "\xc2\xb5s", "ms", "s"};
    double value = (double)ns;
    unsigned unit = 0;
    while (unit < 3 && fabs(value) >= 999.5) {
        value /= 1000;
        unit++;
    }
    snprintf(text, SJ_BT_NUMBER_MAX, "%.3g %s", value, units[unit]);
    return text;
}

const char *sj_bt_page_time(int64_t ns, char text[SJ_BT_NUMBER_MAX])
{
    time_t seconds = (time_t)(ns / 1000000000);
    struct tm parts;
    if (!gmtime_r(&seconds, &parts) ||
        strftime(text, SJ_BT_NUMBER_MAX, "%Y-%m-%d %H:%M:%S UTC", &parts) == 0)
        snprintf(text, SJ_BT_NUMBER_MAX, "?");
    return text;
}

void sj_bt_page_tile(FILE *file, const char *name, const char *value, const char *note, int tone)
{
    static const char *const tones[] = {"bad", "", "good"};
    fprintf(file,
            "<div class=\"tile\"><span>%s</span><b class=\"%s\">%s</b><small>%s</small></div>\n",
            name, tones[tone + 1], value, note);
}

void sj_bt_page_row(FILE *file, const char *name, double value)
{
    char text[SJ_BT_NUMBER_MAX];
    fprintf(file, "<tr><td>");
    sj_bt_page_text(file, name);
    fprintf(file, "</td><td>%s</td></tr>\n", sj_bt_page_number(value, text));
}
