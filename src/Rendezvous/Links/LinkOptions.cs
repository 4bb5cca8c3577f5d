namespace BoxerMpi.Rendezvous;

/// <summary>Settings of link set-up.</summary>
internal sealed record LinkOptions
{
    /// <summary>How long one attempt may take until the other end has answered. Default 20 s.</summary>
    public TimeSpan AttemptTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>How long the end that does not connect waits for the one that does, before it tries as well. Default 3 s.</summary>
    public TimeSpan Patience { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long one attempt through two NATs may take to connect, and then to answer. Default 3 s.</summary>
    public TimeSpan PunchAttemptTimeout { get; init; } = TimeSpan.FromSeconds(3);

    /// <summary>How long a direct way through NATs is looked for, before the pair is relayed or given up. Default 20 s.</summary>
    public TimeSpan PunchTimeout { get; init; } = TimeSpan.FromSeconds(20);

    /// <summary>The same where it can work only if one of the NATs lets anybody in. Default 1.5 s.</summary>
    public TimeSpan ProbeTimeout { get; init; } = TimeSpan.FromSeconds(1.5);

    /// <summary>How long an accepted connection may take to prove the token. Default 30 s.</summary>
    public TimeSpan StrangerTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>
    /// Accepted connections that have not proven the token, or were refused and are not closed yet; beyond it the oldest is closed, and
    /// before when the process has few descriptors left. Default 2,048.
    /// </summary>
    public int StrangerLimit { get; init; } = 2048;

    /// <summary>Takes a line about strangers and refusals.</summary>
    public Action<string>? Log { get; init; }
}
