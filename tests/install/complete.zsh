# SPDX-License-Identifier: GPL-2.0-only
#
# zsh -f complete.zsh LINE: what an interactive zsh lists for LINE, on a terminal of its own, with the scripts of the
# folder $FUNCTIONS; all that it printed until "ready". Keys come after a prompt: before it, the terminal takes
# ^D for an end, and they are lost.
zmodload zsh/zpty
zpty shell zsh -f -i
say() { zpty -w shell "$1" }
say "PS1=go\"\"on; fpath=($FUNCTIONS \$fpath); autoload -U compinit; compinit -u -D; stty columns 500 rows 500"
say "zstyle \":completion:*\" list-prompt \"\"; LISTMAX=0; setopt no_beep no_always_last_prompt"
say "finish() { zle -I; print; print -r -- rea\"\"dy; exit }; zle -N finish; bindkey \"^F\" finish"
say "bindkey \"^D\" list-choices; print -r -- beg\"\"in"
zpty -r shell answer "*begin*goon*"
zpty -w -n shell "$1"$'\004\006'
zpty -r shell answer "*ready*"
print -r -- "$answer"
