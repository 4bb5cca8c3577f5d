namespace BoxerMpi.Processes;

/// <summary>One program to start: what <c>execve</c> needs, and what becomes of its standard streams.</summary>
internal sealed record SpawnRequest(string File, IReadOnlyList<string> Arguments)
{
    /// <summary>The whole environment; nothing is inherited beside it.</summary>
    public required IReadOnlyDictionary<string, string> Environment { get; init; }

    /// <summary>Null for the launcher's own.</summary>
    public string? WorkingDirectory { get; init; }

    /// <summary>The network that the program is in; null for the launcher's own.</summary>
    public INetwork? Network { get; init; }

    /// <summary>Descriptor to read from, or null for the null device.</summary>
    public int? StandardInput { get; init; }

    /// <summary>Descriptor to write to, or null for the null device.</summary>
    public int? StandardOutput { get; init; }

    /// <summary>Descriptor to write to, or null for the null device.</summary>
    public int? StandardError { get; init; }

    /// <summary>The program's name for itself; the file's name when null.</summary>
    public string? Name { get; init; }
}

/// <summary>How a process ended: an exit code, or the signal that killed it.</summary>
internal readonly record struct ExitStatus(int ExitCode, int Signal)
{
    /// <summary>What is known beyond that, as the end of a sentence about the rank: <c>was lost with its function</c>.</summary>
    public string? Explanation { get; init; }

    /// <summary>The code a shell would show: 128 + the signal for a killed process.</summary>
    public int ShellCode => Signal > 0 ? 128 + Signal : ExitCode;

    public bool IsSuccess => Signal == 0 && ExitCode == 0;

    public override string ToString() => Explanation ?? (Signal > 0 ? $"killed by {SignalNames.Of(Signal)}" : $"exit code {ExitCode}");
}

/// <summary>What the kernel counted for a process that has ended.</summary>
internal readonly record struct ResourceUsage(long MaxResidentBytes, TimeSpan UserTime, TimeSpan SystemTime);

/// <summary>The program could not be started at all.</summary>
internal sealed class LaunchException(string message) : Exception(message);
