using System.Text.Json.Serialization;
using BoxerMpi.NatLab.Kernel;
using BoxerMpi.Processes;

namespace BoxerMpi.NatLab;

/// <summary>How a lab stands.</summary>
internal enum LabState
{
    /// <summary>Made by <c>boxer natlab up</c>: stays until it is taken down.</summary>
    Up,

    /// <summary>Belongs to a process that lives, and ends with it.</summary>
    InUse,

    /// <summary>Whoever was to take it down has died.</summary>
    LeftOver,
}

/// <summary>What others can know of a lab: a file in the records' folder.</summary>
internal sealed record LabRecord
{
    public required string Prefix { get; init; }

    /// <summary>The process that makes it or uses it.</summary>
    public required int OwnerId { get; init; }

    /// <summary>When the owner started, by the kernel's clock: its id alone may be another process's by now.</summary>
    public required long OwnerStart { get; init; }

    /// <summary>Whether it has names in /run/netns and outlives its owner.</summary>
    public required bool IsPinned { get; init; }

    /// <summary>Whether it is complete.</summary>
    public bool IsReady { get; init; }

    public required int Hosts { get; init; }

    /// <summary>Its options, for people.</summary>
    public required string Description { get; init; }

    /// <summary>Empty until they are made.</summary>
    public IReadOnlyList<RecordedNamespace> Namespaces { get; init; } = [];

    [JsonIgnore]
    public LabState State => this switch
    {
        { IsPinned: true, IsReady: true } => LabState.Up,
        _ when ProcessTable.StartTicks(OwnerId) == OwnerStart => LabState.InUse,
        _ => LabState.LeftOver,
    };

    public static LabRecord Of(string prefix, LabOptions options, bool isPinned) => new()
    {
        Prefix = prefix,
        OwnerId = Environment.ProcessId,
        OwnerStart = ProcessTable.StartTicks(Environment.ProcessId) ?? 0,
        IsPinned = isPinned,
        Hosts = options.Hosts,
        Description = options.ToString(),
    };

    /// <summary>Opens one of its namespaces.</summary>
    /// <exception cref="LabException">It is not there any more.</exception>
    public NetworkNamespace Open(string name)
    {
        RecordedNamespace found = Namespaces.FirstOrDefault(one => one.Name == name)
            ?? throw new LabException($"lab {Prefix} is not complete", $"boxer natlab down --prefix {Prefix} removes it");
        return NetworkNamespace.Open(name, IsPinned ? PinnedNames.PathOf(Prefix, name) : $"/proc/{OwnerId}/fd/{found.Descriptor}");
    }
}

/// <summary>A namespace of a lab: what tells it from others, and its owner's descriptor of it.</summary>
internal sealed record RecordedNamespace(string Name, string Link, ulong Cookie, int Descriptor);

[JsonSourceGenerationOptions(WriteIndented = true, PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(LabRecord))]
internal sealed partial class LabJson : JsonSerializerContext;
