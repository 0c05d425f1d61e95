# Likewise where help is asked for.
kvmstall help tarce
