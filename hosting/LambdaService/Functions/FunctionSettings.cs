namespace BoxerMpi.LambdaService.Functions;

/// <summary>A function's configuration, checked.</summary>
internal sealed record FunctionSettings
{
    public required string Runtime { get; init; }

    public required string Role { get; init; }

    public required string Handler { get; init; }

    public string Description { get; init; } = "";

    public int TimeoutSeconds { get; init; } = 3;

    public int MemoryMegabytes { get; init; } = 128;

    public string Architecture { get; init; } = "x86_64";

    public int StorageMegabytes { get; init; } = 512;

    public IReadOnlyDictionary<string, string> Variables { get; init; } = new Dictionary<string, string>();

    public TimeSpan Timeout => TimeSpan.FromSeconds(TimeoutSeconds);
}

/// <summary>What becomes of asynchronous events of a function.</summary>
/// <param name="Retries">Further attempts after the first has failed: 0 to 2.</param>
/// <param name="OldestSeconds">Age at which an event is given up: 60 to 21,600.</param>
internal sealed record EventSettings(int Retries, int OldestSeconds, DateTimeOffset Changed)
{
    public static readonly EventSettings Default = new(2, 21_600, default);
}
