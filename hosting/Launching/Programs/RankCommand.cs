namespace BoxerMpi.Launching.Programs;

/// <summary>What to execute for PROGRAM: a file and the arguments that stand before the program's own.</summary>
/// <param name="File">An absolute path.</param>
/// <param name="Arguments">Such as the .dll that <c>dotnet</c> is to run.</param>
internal sealed record RankCommand(string File, IReadOnlyList<string> Arguments);
