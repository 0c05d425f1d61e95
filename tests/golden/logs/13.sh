# ftrace's function_graph, none of KVM's ioctls in it.
kvmstall report -a 13-function-graph.txt
