package fleet

// Commands is every event that a command stands for.
var Commands = commands
