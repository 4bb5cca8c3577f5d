using System.Net;
using BoxerMpi.LambdaService.Execution;

namespace BoxerMpi.LambdaService;

/// <summary>How the local Lambda service behaves; the defaults are AWS's own figures.</summary>
internal sealed record LambdaServiceOptions
{
    /// <summary>Where the control API listens; port 0 takes a free one.</summary>
    public IPEndPoint Listen { get; init; } = new(IPAddress.Loopback, 0);

    /// <summary>The one region that requests must be signed for.</summary>
    public string Region { get; init; } = "us-east-1";

    /// <summary>Twelve digits; part of every ARN.</summary>
    public string AccountId { get; init; } = "123456789012";

    public required Credentials Credentials { get; init; }

    /// <summary>Invocations of all functions that may run at once; above it callers are throttled.</summary>
    public int Concurrency { get; init; } = 1000;

    /// <summary>Added to each start of an execution environment, as a far service takes longer than a local process.</summary>
    public TimeSpan ColdStart { get; init; }

    /// <summary>How long an environment may take until it asks for its first event; then it is started once more.</summary>
    public TimeSpan InitLimit { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long an environment stays warm without work.</summary>
    public TimeSpan IdleLimit { get; init; } = TimeSpan.FromMinutes(5);

    /// <summary>Time between create or update and the function's being ready for it.</summary>
    public TimeSpan ActivationDelay { get; init; }

    /// <summary>Waits before the second and the third attempt of an asynchronous invocation whose function failed.</summary>
    public IReadOnlyList<TimeSpan> RetryDelays { get; init; } = [TimeSpan.FromMinutes(1), TimeSpan.FromMinutes(2)];

    /// <summary>Memory and CPU limits by control groups and a /tmp of its own for each environment; only root may.</summary>
    public bool Isolate { get; init; } = Environment.IsPrivilegedProcess;

    /// <summary>
    /// Where environments live, one in each; null for the service's own network. At least <see cref="Concurrency"/> of them.
    /// </summary>
    public INetworks? Networks { get; init; }

    /// <summary>
    /// Reads code that requests name by bucket and key; null where there is no S3. Its exceptions become the service's answer.
    /// </summary>
    public Func<string, string, CancellationToken, Task<byte[]>>? ReadObject { get; init; }

    /// <summary>
    /// Gets one JSON object a line for each asynchronous event that was given up; null for a file in the service's folder.
    /// </summary>
    public string? DeadLetterFile { get; init; }

    /// <summary>Variables that every environment gets beside Lambda's own, such as the mark by which a watchdog finds it.</summary>
    public IReadOnlyDictionary<string, string> ExtraVariables { get; init; } = new Dictionary<string, string>();

    /// <summary>Told in one line what happens; on any thread.</summary>
    public Action<string>? Log { get; init; }

    public TimeProvider Time { get; init; } = TimeProvider.System;
}

/// <summary>What requests must be signed with.</summary>
/// <param name="SessionToken">Of temporary credentials; null for the others.</param>
internal sealed record Credentials(string AccessKey, string SecretKey, string? SessionToken = null);
