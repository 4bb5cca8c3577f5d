namespace BoxerMpi;

/// <summary>What a point-to-point message does when the job's topology has no link between its two ranks.</summary>
public enum OffTopologyPolicy
{
    /// <summary>The link is set up on demand and kept.</summary>
    Connect,

    /// <summary>The message travels over the topology's links, through other ranks.</summary>
    Relay,

    /// <summary>The send is refused with an error that names both ranks.</summary>
    Refuse,
}
