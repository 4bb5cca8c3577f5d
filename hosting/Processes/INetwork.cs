namespace BoxerMpi.Processes;

/// <summary>A network apart from this process's own, which a program can be started in.</summary>
internal interface INetwork
{
    /// <summary>Runs the body on a thread that is in the network.</summary>
    T Run<T>(Func<T> body);
}
