# No abbreviations: "re" could be repro, record or report.
kvmstall re
