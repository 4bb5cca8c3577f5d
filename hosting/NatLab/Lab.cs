using System.Diagnostics.CodeAnalysis;
using System.Net;
using BoxerMpi.NatLab.Kernel;
using BoxerMpi.NatLab.Relay;

namespace BoxerMpi.NatLab;

/// <summary>
/// A public network with a coordinator's host, and hosts behind NAT gateways, made of network namespaces of this machine (docs/natlab.md).
/// </summary>
/// <remarks>
/// It has no names, only descriptors of this process, and so ends with it however that ends, once the processes in it have;
/// <see cref="Pin"/> changes that.
/// </remarks>
internal sealed class Lab : IDisposable
{
    private readonly LabBuilder _parts;
    private LabRecord _record;
    private RelayProcess? _relay;
    private bool _isPinned;

    private Lab(LabBuilder parts, LabRecord record)
    {
        _parts = parts;
        Note(record with
        {
            Namespaces = [.. parts.All.Zip(parts.Identities, (one, identity) => new RecordedNamespace(one.Name, identity.Link, identity.Cookie, one.Descriptor))],
        });
        Hosts = parts.Hosts;
    }

    /// <summary>What it is known by to <c>boxer natlab</c>.</summary>
    public string Prefix => _record.Prefix;

    public IReadOnlyList<LabHost> Hosts { get; }

    /// <summary>Completes with the reason when the relay of this lab ends before it; null when it has none.</summary>
    public Task<string>? Broken => _relay?.Broken;

    /// <summary>The public host of the coordinator.</summary>
    public NetworkNamespace Seed => _parts.Seed;

    /// <summary>The router between all public addresses.</summary>
    public NetworkNamespace Net => _parts.Net;

    public static IPAddress SeedAddress => LabPlan.SeedAddress;

    /// <summary>Another address of the same host: whoever is seen there with another port is behind a symmetric NAT.</summary>
    public static IPAddress SecondSeedAddress => LabPlan.SecondSeedAddress;

    /// <summary>Makes a lab of this process.</summary>
    /// <param name="options">What it is to be like.</param>
    /// <param name="prefix">What it is known by; made up when null.</param>
    /// <param name="pin">Whether it is to stay when this process ends, as <c>boxer natlab up</c> does it.</param>
    /// <param name="cancellationToken">Gives it up.</param>
    /// <exception cref="LabException">This system cannot, or the prefix is taken; nothing is left of it.</exception>
    public static Lab Create(LabOptions options, string? prefix = null, bool pin = false, CancellationToken cancellationToken = default)
    {
        Require();
        Sweep();
        LabRecord record = LabRecord.Of(prefix ?? LabRecords.NextAnonymous(), options, pin);
        LabRecords.Claim(record);
        LabPlan plan = new(options);
        Lab? lab = null;
        try
        {
            lab = new Lab(LabBuilder.Build(plan, cancellationToken), record);
            if (pin)
                lab.Pin();
            if (options.NeedsRelay)
                lab._relay = RelayProcess.Start(lab.Net, plan, pin);
            lab.Note(lab._record with { IsReady = true });
            return lab;
        }
        catch
        {
            lab?._relay?.Dispose();
            Remove(lab?._record ?? record);
            lab?._parts.Dispose();
            throw;
        }
    }

    /// <summary>Ends what runs in a lab and removes what is left of it.</summary>
    /// <exception cref="LabException">This user may not.</exception>
    public static void Remove(LabRecord record)
    {
        LabProcesses.End(record);
        try
        {
            if (record.IsPinned)
            {
                foreach (string name in PinnedNames.Of(record.Prefix))
                    PinnedNames.Remove(name);
            }

            LabRecords.Remove(record.Prefix);
        }
        catch (Exception failure) when (failure is IOException or UnauthorizedAccessException)
        {
            throw new LabException($"lab {record.Prefix} cannot be removed: {failure.Message}", "it takes root: start boxer with sudo");
        }
    }

    /// <summary>Removes it, unless it is pinned: then only this process lets go of it.</summary>
    public void Dispose()
    {
        if (!_isPinned)
        {
            _relay?.Dispose();
            Remove(_record);
        }

        _parts.Dispose();
    }

    /// <summary>Removes it, pinned or not.</summary>
    public void Abandon()
    {
        _isPinned = false;
        Dispose();
    }

    /// <summary>Looks whether this system can make labs, without making one.</summary>
    /// <exception cref="LabException">It cannot.</exception>
    public static void Require()
    {
        if (!OperatingSystem.IsLinux())
            throw new LabException("a NAT lab is made of Linux network namespaces, and this is not Linux", "run it on Linux, or in a Linux container with --privileged");
        if (KernelCalls.EffectiveUser() != 0)
            throw new LabException("a NAT lab needs root: it makes network namespaces and packet filters", "start boxer with sudo, or as root in a container with --privileged");
        PacketRules.Require();
    }

    /// <summary>Forgets labs that ended with a process that had no time to say so.</summary>
    public static void Sweep()
    {
        foreach (LabRecord record in LabRecords.All())
        {
            if (record is { State: LabState.LeftOver, IsPinned: false } && LabProcesses.In(record).Count == 0)
                LabRecords.Remove(record.Prefix);
        }
    }

    private void Pin()
    {
        foreach (NetworkNamespace one in _parts.All)
            PinnedNames.Add(Prefix, one);
        _isPinned = true;
    }

    [MemberNotNull(nameof(_record))]
    private void Note(LabRecord record)
    {
        _record = record;
        LabRecords.Update(record);
    }
}
