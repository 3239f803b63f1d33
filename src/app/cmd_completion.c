#include "app/command.h"
#include "base/cli.h"

#include <stdio.h>
#include <string.h>

static void print_names(const char *separator)
{
    for (unsigned i = 0; i < sj_command_count; i++)
        printf("%s%s", i ? separator : "", sj_commands[i].name);
}

/* In single quotes of a shell, where a quote ends them: '\'' */
static void print_quoted(const char *text)
{
    putchar('\'');
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\''", stdout);
        else
            putchar(*text);
    }
    putchar('\'');
}

/* Subcommands and options are asked of the program itself, so that no script ever goes stale. */
static void print_bash(void)
{
    printf("_shijim() {\n"
           "    local program=$1 cur=$2 command=${COMP_WORDS[1]} help\n"
           "    COMPREPLY=()\n"
           "    if [ \"$COMP_CWORD\" -eq 1 ]; then\n        COMPREPLY=($(compgen -W '");
    print_names(" ");
    printf("' -- \"$cur\"))\n        return\n    fi\n"
           "    help=$(\"$program\" \"$command\" --help 2>/dev/null)\n"
           "    if [[ $help == \"Usage: shijim $command COMMAND\"* ]]; then\n"
           "        if [ \"$COMP_CWORD\" -eq 2 ]; then\n"
           "            COMPREPLY=($(compgen -W \"$(sed -n 's/^  \\([a-z][a-z-]*\\)  .*/\\1/p' "
           "<<<\"$help\")\" -- \"$cur\"))\n"
           "            return\n        fi\n"
           "        help=$(\"$program\" \"$command\" \"${COMP_WORDS[2]}\" --help 2>/dev/null)\n"
           "    fi\n"
           "    [[ $cur == -* ]] || return\n"
           "    COMPREPLY=($(compgen -W \"$(grep -o -- '--[a-z][a-z-]*' <<<\"$help\")\" -- "
           "\"$cur\"))\n"
           "}\ncomplete -o default -F _shijim shijim\n");
}

static void print_zsh(void)
{
    printf("#compdef shijim\n_shijim() {\n  local -a commands options\n  local help\n"
           "  commands=(\n");
    for (unsigned i = 0; i < sj_command_count; i++) {
        printf("    %s:", sj_commands[i].name);
        print_quoted(sj_commands[i].summary);
        putchar('\n');
    }
    printf("  )\n"
           "  if (( CURRENT == 2 )); then\n    _describe command commands\n    return\n  fi\n"
           "  help=\"$($words[1] $words[2] --help 2>/dev/null)\"\n"
           "  if [[ $help == \"Usage: shijim $words[2] COMMAND\"* ]]; then\n"
           "    if (( CURRENT == 3 )); then\n"
           "      commands=(${(f)\"$(print -r -- $help | sed -n "
           "'s/^  \\([a-z][a-z-]*\\)  */\\1:/p')\"})\n"
           "      _describe command commands\n      return\n    fi\n"
           "    help=\"$($words[1] $words[2] $words[3] --help 2>/dev/null)\"\n"
           "  fi\n"
           "  options=(${(fu)\"$(print -r -- $help | grep -o -- '--[a-z][a-z-]*')\"})\n"
           "  if [[ $PREFIX == -* ]]; then\n    compadd -- $options\n  else\n    _files\n  fi\n"
           "}\n_shijim \"$@\"\n");
}

static void print_fish(void)
{
    printf("function __shijim_words\n"
           "    set -l words (commandline -opc)\n"
           "    set -l help ($words[1] $words[2] --help 2>/dev/null)\n"
           "    if string match -q \"Usage: shijim $words[2] COMMAND*\" -- $help[1]\n"
           "        if test (count $words) -eq 2\n"
           "            string replace -rf '^  ([a-z][a-z-]*)  +(.*)' '$1\\t$2' -- $help\n"
           "            return\n        end\n"
           "        set help ($words[1] $words[2] $words[3] --help 2>/dev/null)\n"
           "    end\n"
           "    string match -ra -- '--[a-z][a-z-]*' $help\n"
           "end\n"
           "complete -c shijim -n 'not __fish_use_subcommand' -a '(__shijim_words)'\n");
    for (unsigned i = 0; i < sj_command_count; i++) {
        printf("complete -c shijim -f -n __fish_use_subcommand -a %s -d ", sj_commands[i].name);
        print_quoted(sj_commands[i].summary);
        putchar('\n');
    }
}

int sj_cmd_completion(int argc, char **argv)
{
    struct sj_cli cli = {
        .command = "completion",
        .arguments = "bash|zsh|fish",
        .summary = "Prints the completion script of a shell.",
        .example = "shijim completion bash > ~/.local/share/bash-completion/completions/shijim",
        .arguments_min = 1,
        .arguments_max = 1,
    };
    sj_rc rc = sj_cli_parse(&cli, argc, argv);
    if (rc != 1)
        return sj_cli_exit(rc);
    if (!strcmp(cli.values[0], "bash"))
        print_bash();
    else if (!strcmp(cli.values[0], "zsh"))
        print_zsh();
    else if (!strcmp(cli.values[0], "fish"))
        print_fish();
    else
        return sj_cli_fail(&cli, SJ_EXIT_USER, "knows bash, zsh and fish, not '%s'", cli.values[0]);
    return SJ_EXIT_DONE;
}
