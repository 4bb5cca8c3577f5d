namespace BoxerMpi.Launching.Programs;

/// <summary>From PROGRAM on the command line to what is executed: a project is built, anything else is looked up.</summary>
internal static class ProgramLocator
{
    public static RankCommand Locate(string program, bool nativeAot, string configuration, bool verbose)
    {
        if (ProgramResolver.Project(program) is not { } project)
            return ProgramResolver.Built(program);

        ProjectPublisher publisher = new(
            new BuildKind(nativeAot, configuration), verbose, text => Console.Error.WriteLine("boxer: " + text));
        return publisher.Publish(project);
    }
}
