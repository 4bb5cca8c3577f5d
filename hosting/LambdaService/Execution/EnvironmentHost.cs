using BoxerMpi.LambdaService.Functions;

namespace BoxerMpi.LambdaService.Execution;

/// <summary>What all environments of a service share: its folder, its limits, its names.</summary>
internal sealed class EnvironmentHost : IDisposable
{
    private const string ControlGroupRoot = "/sys/fs/cgroup";
    private const string NamePrefix = "boxer-lambda-";

    private readonly ControlGroups? _groups;
    private readonly WorkFolder _folder;
    private int _started;

    /// <param name="options">The service's.</param>
    public EnvironmentHost(LambdaServiceOptions options)
    {
        Options = options;
        if (options.Networks is { } networks)
        {
            Networks = networks.Count >= options.Concurrency
                ? new NetworkPool(networks)
                : throw new ArgumentException(
                    $"{networks.Count} networks are too few for {options.Concurrency} environments at once.", nameof(options));
        }

        // An environment's own /tmp would hide a folder below the system's.
        string parent = options.Isolate ? "/var/tmp" : Path.GetTempPath();
        ControlGroups.Sweep(ControlGroupRoot, IsStale);
        WorkFolder.Sweep(parent);
        _folder = WorkFolder.Create(parent);
        string whyNot = "the service does not run as root";
        _groups = options.Isolate ? ControlGroups.TryCreate(ControlGroupRoot, _folder.Name, out whyNot) : null;
        Limits = _groups is null ? $"none ({whyNot})" : "memory and CPU by memory size";
    }

    public LambdaServiceOptions Options { get; }

    public string Folder => _folder.Path;

    /// <summary>For people: which limits environments have.</summary>
    public string Limits { get; }

    /// <summary>Networks of environments, when they do not share the service's own.</summary>
    public NetworkPool? Networks { get; }

    /// <summary>Starts an environment; its process runs when this returns.</summary>
    /// <param name="revision">Of what.</param>
    /// <param name="network">Its own from now on; null for the service's.</param>
    public async Task<ExecutionEnvironment> StartAsync(FunctionRevision revision, EnvironmentNetwork? network)
    {
        int number = Interlocked.Increment(ref _started);
        string folder = Path.Combine(Folder, "environments", $"{number}");
        FunctionLog log = new(Path.Combine(Folder, "logs", revision.Name, $"{number}.log"));
        try
        {
            ControlGroup? group = _groups?.Add($"{number}", revision.Settings.MemoryMegabytes);
            return await ExecutionEnvironment.StartAsync(this, revision, folder, log, group, network);
        }
        catch
        {
            network?.Dispose();
            throw;
        }
    }

    public void Dispose()
    {
        _groups?.Remove();
        _folder.Dispose();
    }

    /// <summary>A service that was killed could not tidy up; the next one does.</summary>
    private static bool IsStale(string name) =>
        name.StartsWith(NamePrefix, StringComparison.Ordinal)
        && int.TryParse(name[NamePrefix.Length..].Split('-')[0], out int process)
        && !Directory.Exists($"/proc/{process}");
}
