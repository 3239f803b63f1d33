/* The screen keeps within its terminal: a line that wrapped would not be drawn over. */
#include "app/view.h"

#include <pty.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include <cmocka.h>

#include "groups.h"

#define COLUMNS 40
#define ROWS 8
#define END '\001' /* no drawing has it */

struct terminal {
    int master;
    FILE *screen;
    char text[4096];
};

static int open_terminal(void **state)
{
    struct winsize size = {.ws_row = ROWS, .ws_col = COLUMNS};
    struct terminal *terminal = calloc(1, sizeof *terminal);
    struct termios raw = {0};
    int slave;
    cfmakeraw(&raw);
    assert_non_null(terminal);
    assert_int_equal(openpty(&terminal->master, &slave, NULL, &raw, &size), 0);
    terminal->screen = fdopen(slave, "w");
    *state = terminal;
    return terminal->screen ? 0 : -1;
}

static int close_terminal(void **state)
{
    struct terminal *terminal = *state;
    fclose(terminal->screen);
    close(terminal->master);
    free(terminal);
    return 0;
}

/* All that was drawn: a terminal hands it on in pieces, so it is read up to a byte sent behind it.
 */
static const char *seen(struct terminal *terminal)
{
    size_t used = 0;
    char *end = NULL;
    assert_int_equal(fputc(END, terminal->screen), END);
    assert_int_equal(fflush(terminal->screen), 0);
    while (!end) {
        ssize_t size =
            read(terminal->master, terminal->text + used, sizeof terminal->text - 1 - used);
        assert_true(size > 0);
        used += (size_t)size;
        terminal->text[used] = 0;
        end = strchr(terminal->text, END);
    }
    *end = 0;
    return terminal->text;
}

/* Columns of the line at `text`; what begins with an escape takes none. */
static uint32_t width_of(const char *text)
{
    uint32_t width = 0;
    for (; *text && *text != '\n'; text++) {
        if (*text == '\033')
            text += strcspn(text, "mKJA");
        else
            width += ((unsigned char)*text & 0xc0) != 0x80;
    }
    return width;
}

static void draw(struct sj_view *view)
{
    static struct sj_status status;
    status.connection_count = 5;
    snprintf(status.connections[0].phase, sizeof status.connections[0].phase, "running");
    snprintf(status.journal_stopped, sizeof status.journal_stopped, "%0*d", 120, 0);
    sj_view_draw(view, "a title \302\267 that goes on well beyond the end of the screen", &status);
}

static void no_line_is_wider_than_the_terminal_and_no_more_are_drawn_than_fit(void **state)
{
    struct terminal *terminal = *state;
    struct sj_view view;
    uint32_t lines = 0;
    sj_view_init(&view, terminal->screen);
    draw(&view);
    for (const char *at = seen(terminal); (at = strchr(at, '\n')); at++)
        lines++;
    for (const char *at = terminal->text; at; at = strchr(at, '\n'), at = at ? at + 1 : at)
        assert_true(width_of(at) <= COLUMNS);
    assert_int_equal(width_of(terminal->text), COLUMNS);
    assert_int_equal(lines, ROWS - 1);
}

static void the_next_look_is_drawn_over_the_last(void **state)
{
    struct terminal *terminal = *state;
    struct sj_view view;
    sj_view_init(&view, terminal->screen);
    draw(&view);
    seen(terminal);
    draw(&view);
    assert_non_null(strstr(seen(terminal), "\033[7A")); /* ROWS - 1 */
}

int sj_test_view(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            no_line_is_wider_than_the_terminal_and_no_more_are_drawn_than_fit, open_terminal,
            close_terminal),
        cmocka_unit_test_setup_teardown(the_next_look_is_drawn_over_the_last, open_terminal,
                                        close_terminal),
    };
    return cmocka_run_group_tests_name("app/view", tests, NULL, NULL);
}
