# What has no effect is refused: of a profile that has one device, and of a scenario beside a profile.
kvmstall repro --profile minimal --devices 101
kvmstall repro --scenario ioeventfd --profile minimal
kvmstall repro --profile minimal --devices 0 --scenario nothing
