# What is none of what it reads.
printf 'GIF89a, an image\n' | kvmstall report -
