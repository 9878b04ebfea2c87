"""Applications of Spring, Quarkus and Micronaut: their files, profiles and environment."""
